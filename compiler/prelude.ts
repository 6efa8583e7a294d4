// Generated from prelude.attn by scripts/embed-prelude.mjs; edit that file and run `npm run build`.
export const preludeSource: string = ``
