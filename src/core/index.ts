export { type ByteStream, collect, streamOf, verifying } from './bytes.ts';
export {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  digestHex,
  digestOf,
  finishDigest,
  isDigest,
  parseDigest,
} from './digest.ts';
export {
  BerthError,
  canceled,
  conflict,
  type ErrorKind,
  errnoCode,
  errorKind,
  errorMessage,
  forbidden,
  internal,
  invalid,
  notFound,
  unauthorized,
  unavailable,
  unsupported,
} from './errors.ts';
export {
  type FileEntry,
  type FileTree,
  type FileType,
  fileTypes,
  LazyEntries,
  type ListedFiles,
  updateActions,
} from './file-tree.ts';
export { decodeFrames, encodeFrame, type Frame } from './frames.ts';
export { compileGoPattern, type GoPattern } from './go-pattern.ts';
export { randomId, shortId } from './ids.ts';
export { isLicenseExpression } from './license-expression.ts';
export { type Limit, limit } from './limit.ts';
export { makeDirectories } from './make-directories.ts';
export { nameBytes, nameText } from './name-text.ts';
export { atOnce, inTurns, type Pieces } from './pieces.ts';
export {
  formatPlatform,
  hostPlatform,
  normalArchitecture,
  type Platform,
  parsePlatform,
} from './platform.ts';
export { longVarint, type Message, message, varint } from './protobuf.ts';
export { ProtobufReader, wireType } from './protobuf-reader.ts';
export { quoted } from './quote.ts';
export {
  familiarName,
  familiarReference,
  formatReference,
  isIdPrefix,
  isRepositoryPath,
  isTag,
  parseReference,
  type Reference,
} from './reference.ts';
export { formatSize, parseDuration, parseSize } from './units.ts';
export { unlessAborted } from './unless-aborted.ts';
