/**
 * Node.js's own modules by name. They are asked of the process and not imported, since a bundler for browsers
 * follows an `import('node:…')` too, and some stop at it.
 */
export const builtin: NodeJS.Process['getBuiltinModule'] = process.getBuiltinModule.bind(process)
