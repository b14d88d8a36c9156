export type { ServedFolder, ServeFolderOptions } from './files/serve-folder.ts';
export type { PathPatterns, PatternWalk } from './files/walk-folder.ts';
export type { Call } from './grpc/byte-call.ts';
export { type Channel, openChannel, type UnaryMethod } from './grpc/channel.ts';
export { type GrpcServer, type Methods, serveGrpc, serverStream, unary } from './grpc/serve.ts';
export { openSession, type SendOptions, type Session } from './open-session.ts';
export { type SessionOffers, serveSession, sessionHead, sessionHeaders } from './serve-session.ts';
export { type SessionHead, sessionHeader, sessionHeadOf } from './session-head.ts';
export type { Login } from './session-methods.ts';
