import type { Digest } from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import type { ContainerInsight } from './ports.ts';

const id = `${'d'.repeat(63)}2`;
const started = { startedAtMs: Date.parse('2026-11-20T13:43:54.502Z'), pid: 27834 };
const check = (start: string, end: string) => ({
  startMs: Date.parse(start),
  endMs: Date.parse(end),
  exitCode: 0,
  output: '',
});

/** For tests: the container whose answers in `testdata/` were recorded from Docker 28. */
export const sampleContainer: Container = {
  id,
  name: 'c2',
  createdAtMs: Date.parse('2026-11-20T13:43:54.491Z'),
  imageId: `sha256:${'1'.repeat(64)}` as Digest,
  config: {
    Hostname: 'dccdeac89e6c',
    Env: ['A=b'],
    Cmd: ['sleep', '1000'],
    Image: 'busybox',
    Labels: { x: 'y' },
    ExposedPorts: { '80/tcp': {}, '81/udp': {}, '99/tcp': {} },
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1e9 },
  },
  hostConfig: {
    Binds: ['v1:/data', '/tmp:/host:ro'],
    NetworkMode: 'n1',
    PortBindings: {
      '80/tcp': [{ HostPort: '8080' }],
      '81/udp': [{ HostIp: '127.0.0.1' }],
    },
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    Tmpfs: { '/t': '' },
    Memory: 104857600,
    MemorySwap: 209715200,
    Ulimits: [{ Name: 'nofile', Hard: 2000, Soft: 1000 }],
    Mounts: [{ Type: 'tmpfs', Target: '/tm' }],
    MaskedPaths: ['/proc/kcore'],
    ReadonlyPaths: ['/proc/sys'],
  },
  mounts: [
    {
      type: 'volume',
      name: 'v1',
      source: '/var/lib/berth/volumes/v1/_data',
      destination: '/data',
      driver: 'local',
      mode: 'z',
      readWrite: true,
      propagation: '',
    },
    {
      type: 'bind',
      source: '/tmp',
      destination: '/host',
      mode: 'ro',
      readWrite: false,
      propagation: 'rslave',
    },
    {
      type: 'tmpfs',
      source: '',
      destination: '/tm',
      mode: '',
      readWrite: true,
      propagation: '',
    },
  ],
  endpoints: {
    n1: {
      IPAMConfig: { IPv4Address: '10.99.0.7' },
      Aliases: ['al'],
      MacAddress: 'ae:2d:54:38:3b:a9',
      NetworkID: '57bec8279918fe935e66597d15de2081637a23af538a7f309d5c0e57e81092ac',
      EndpointID: 'a1984c20b81aa22114f84de99b9141fa934ab4a059f290377f4749c7f0482091',
      Gateway: '10.99.0.1',
      IPAddress: '10.99.0.7',
      IPPrefixLen: 24,
      DNSNames: ['c2', 'al', 'dccdeac89e6c'],
    },
  },
  ports: [
    { protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 },
    { protocol: 'tcp', containerPort: 80, hostIp: '::', hostPort: 8080 },
    { protocol: 'udp', containerPort: 81, hostIp: '127.0.0.1', hostPort: 32768 },
  ],
  argv: ['sleep', '1000'],
  restartCount: 0,
  state: { kind: 'running', ...started },
  health: {
    status: 'healthy',
    failingStreak: 0,
    log: [
      check('2026-11-20T13:43:55.651Z', '2026-11-20T13:43:55.687Z'),
      check('2026-11-20T13:43:56.689Z', '2026-11-20T13:43:56.733Z'),
    ],
  },
  logPath: `/var/lib/berth/containers/${id}/${id}-json.log`,
};

export const sampleInsight: ContainerInsight = {
  layout: (of) => ({
    resolvConfPath: `/var/lib/berth/containers/${of}/resolv.conf`,
    hostnamePath: `/var/lib/berth/containers/${of}/hostname`,
    hostsPath: `/var/lib/berth/containers/${of}/hosts`,
    namespacePath: '/run/netns/c2',
    overlay: {
      lowerPaths: ['/snap/c2-init', '/snap/l1'],
      mergedPath: '/snap/c2/merged',
      upperPath: '/snap/c2/fs',
      workPath: '/snap/c2/work',
    },
  }),
  sizes: async () => ({ writtenBytes: 0, rootBytes: 1984162 }),
  execIds: () => [],
};
