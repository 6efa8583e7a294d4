/** Arrays of memory that no other thread has. TypeScript tells them apart from 5.7 on, and older versions read these names, too. */
export type UnsharedFloat32Array = ReturnType<Float32ArrayConstructor['of']>
export type UnsharedUint32Array = ReturnType<Uint32ArrayConstructor['of']>
