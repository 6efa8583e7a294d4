/** Names that WGSL or the printed text already uses; a kernel's own are told apart by an underscore. */

const keywords = `
  alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
  loop override requires return struct switch true var while`

/** Reserved by the WGSL specification for later. */
const reserved = `
  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become binding_array cast
  catch class co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast
  consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit
  export extends extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl
  implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut
  mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of
  operator package packoffset partition pass patch pixelfragment precise precision premerge priv protected pub public
  readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm static
  static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef typeid
  typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly yield`

/** Functions and types that the printed text calls by these names. */
const used = `
  abs array bitcast bool clamp exp2 f32 floor fma i32 max min round select sign sqrt u32 vec3u vec4f vec4i vec4u
  workgroupBarrier workgroupUniformLoad
  Shape shape thread workgroup workgroup_id workgroup_counts`

const taken: ReadonlySet<string> = new Set(`${keywords} ${reserved} ${used}`.split(/\s+/))

/** A name that WGSL does not reserve. */
export const wgslName = (name: string): string => (taken.has(name) ? `${name}_` : name)
