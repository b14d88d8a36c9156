export { joinConnection } from './byte-messages.ts';
export { contentInfo, contentRead } from './content-methods.ts';
export type { Call } from './grpc/byte-call.ts';
export { type Channel, openChannel, type UnaryMethod } from './grpc/channel.ts';
export { type GrpcServer, type Methods, serveGrpc, serverStream, unary } from './grpc/serve.ts';
export { openSession, type Session } from './open-session.ts';
export { type SessionOffers, serveSession, sessionHeaders } from './serve-session.ts';
export { type SessionHead, sessionHeadOf } from './session-head.ts';
export { socketPair } from './socket-pair.ts';
