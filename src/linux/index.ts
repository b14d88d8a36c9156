export {
  atFlags,
  chmodAt,
  chownAt,
  closeFd,
  cwdFd,
  deviceNumber,
  fchmod,
  fchown,
  futimes,
  linkAt,
  mkdirAt,
  mknodAt,
  openAt,
  openBeneath,
  openDirectory,
  openInRoot,
  pathOnly,
  readFd,
  readlinkAt,
  renameAt,
  rmdirAt,
  skipHole,
  symlinkAt,
  truncateFd,
  unlinkAt,
  utimesAt,
  writeFully,
} from './files/at.ts';
export { listDirectory } from './files/list.ts';
export { tryLockFile } from './files/lock.ts';
export {
  type FileStat,
  fileType,
  fileTypes,
  isDirectory,
  isSymlink,
  isWhiteout,
  statAt,
} from './files/stat.ts';
export { syncDirectory, syncFilesystem } from './files/sync.ts';
export { copyContent } from './files/transfer.ts';
export {
  getFdXattr,
  getXattr,
  listFdXattrs,
  listXattrs,
  removeXattr,
  setFdXattr,
  setXattr,
} from './files/xattr.ts';
export { call, callElsewhere, check, declare, systemError } from './libc.ts';
export {
  type MountEntry,
  mountsBelow,
  parseMountTable,
} from './mount/mount-table.ts';
export {
  type BindOptions,
  bindMount,
  type Propagation,
} from './mount/new-mount.ts';
export { mountFlags, mountOld } from './mount/old-mount.ts';
export {
  createOverlays,
  type OverlayRequest,
  type Overlays,
} from './mount/overlay.ts';
export { unmount } from './mount/unmount.ts';
export { type Conntrack, openConntrack } from './network/conntrack.ts';
export {
  addressBits,
  addressFromBytes,
  addressToBytes,
  contains,
  formatAddress,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
  lastAddress,
  overlap,
  parseAddress,
  parseCidr,
} from './network/ip-address.ts';
export {
  addBridge,
  addToBridge,
  addVeth,
  deleteLink,
  findLink,
  type Link,
  listLinks,
  setBridgePort,
  setLinkAlias,
  setLinkUp,
} from './network/links.ts';
export {
  createNetworkNamespace,
  openNetlinkIn,
  removeNetworkNamespace,
  setNamespaceSysctls,
  writeSysctls,
} from './network/namespace.ts';
export { type Netlink, openNetlink } from './network/netlink.ts';
export type { NetlinkRequest } from './network/netlink-message.ts';
export { type Nftables, type NftObject, openNftables } from './network/nftables.ts';
export {
  addAddress,
  addDefaultRoute,
  deleteDefaultRoute,
  listRoutes,
  type Route,
} from './network/routes.ts';
export { kernelServesX32 } from './process/abi.ts';
export { type Cgroups, openCgroups } from './process/cgroup.ts';
export { wallClockNs } from './process/clock.ts';
export {
  growPipe,
  makeFifo,
  openFifoBothWays,
  openFifoReader,
  openWrittenFifoReader,
  punchFile,
  spliceToFile,
} from './process/fifo.ts';
export { giveBackFreeMemory } from './process/free-memory.ts';
export { openEventFd, Poller } from './process/poller.ts';
export { parseSignal } from './process/signals.ts';
export { type DetachedProgram, reapChild, spawnDetached } from './process/spawn-detached.ts';
export { listenForHeir } from './process/unix-socket.ts';
