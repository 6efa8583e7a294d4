/** What the file system refused, in words. */

const words: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or directory'],
  ['EISDIR', 'it is a directory'],
  ['ENOTDIR', 'a part of the path is a file, not a directory'],
  ['EEXIST', 'a file stands where a directory is needed'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'not permitted'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'no space is left'],
  ['EDQUOT', 'the quota of disk space is used up'],
  ['EFBIG', 'it would be larger than files may be here'],
  ['EIO', 'the disk failed'],
  ['EBUSY', 'another program uses it'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open in the whole system'],
  ['ELOOP', 'its symbolic links go in a circle'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['EINVAL', 'the file system does not allow such a name'],
])

export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return words.get(code ?? '') ?? message
}
