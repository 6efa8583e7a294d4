/** A program with its forms of decoding. Loaded with what runs these, or asks what they are. */
import type { Program } from '../program.ts'

/** What a module has of decoding apart is loaded. */
export async function wholeProgram({ later, ...here }: Program): Promise<Program> {
  const { forms, kernels } = (await later?.()) ?? {}
  return { ...here, forms: { ...here.forms, ...forms }, kernels: { ...here.kernels, ...kernels } }
}
