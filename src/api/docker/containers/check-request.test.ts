import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkCreateRequest, checkSignal } from './check-request.ts';
import { readCreateRequest } from './create.ts';

const check = (body: unknown) => checkCreateRequest(readCreateRequest(body, ''), 2);

/** Each message is what Docker 28 answered to the same body; of limits without a name, its client. */
const refusals: [Record<string, unknown>, string][] = [
  [{ Memory: 1000 }, 'Minimum memory limit allowed is 6MB'],
  [
    { Memory: 1e8, MemorySwap: 1000 },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    { MemorySwap: 5 },
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  [
    { Memory: 1e8, MemoryReservation: 2e8 },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  ],
  [{ MemoryReservation: 1 }, 'Minimum memory reservation allowed is 6MB'],
  [{ MemorySwappiness: 200 }, 'Invalid value: 200, valid memory swappiness range is 0-100'],
  [{ CpuShares: -1 }, 'invalid CPU shares (-1): value must be a positive integer'],
  [{ NanoCpus: 99e9 }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [
    { NanoCpus: 1e9, CpuQuota: 1000 },
    'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
  ],
  [
    { CpuPeriod: 5 },
    'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  ],
  [{ CpuQuota: 5 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  [{ CpusetCpus: 'abc' }, 'Invalid value abc for cpuset cpus: invalid format: abc'],
  [{ CpusetCpus: '99' }, 'Requested CPUs are not available - requested 99, available: 0-1'],
  [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
  [{ Ulimits: [{ Soft: 1, Hard: 1 }] }, 'invalid ulimit type: '],
  [{ Ulimits: [null] }, 'invalid ulimit type: '],
  [
    { RestartPolicy: { Name: 'foo' } },
    "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [
    { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -3 } },
    'invalid restart policy: maximum retry count cannot be negative',
  ],
  [
    { AutoRemove: true, RestartPolicy: { Name: 'always' } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [
    { NetworkMode: 'container:' },
    'invalid network mode: invalid container format container:<name|id>',
  ],
  [{ PortBindings: { '80': [{ HostPort: 'x' }] } }, 'invalid port specification: "x"'],
  [{ PortBindings: { '99999/tcp': [] } }, 'invalid port specification: "99999"'],
  [
    { Mounts: [{ Type: 'foo', Target: '/x' }] },
    'invalid mount config for type "foo": mount type unknown',
  ],
  [
    { Mounts: [{ Type: 'volume' }] },
    'invalid mount config for type "volume": field Target must not be empty',
  ],
  [
    { Mounts: [{ Type: 'bind', Target: '/x' }] },
    'invalid mount config for type "bind": field Source must not be empty',
  ],
  [
    { Mounts: [{ Type: 'tmpfs', Source: 'a', Target: '/x' }] },
    'invalid mount config for type "tmpfs": field Source must not be specified',
  ],
  [{ Binds: ['/tmp:/b', '/tmp:/b'] }, 'Duplicate mount point: /b'],
  [{ Tmpfs: { x: '' } }, "invalid mount path: 'x' mount path must be absolute"],
  [{ IpcMode: 'foo' }, 'invalid IPC mode: foo'],
  [{ PidMode: 'foo' }, 'invalid PID mode: foo'],
  [{ UTSMode: 'foo' }, 'invalid UTS mode: foo'],
  [{ CgroupnsMode: 'foo' }, 'invalid cgroup namespace mode: foo'],
  [{ OomScoreAdj: 5000 }, 'Invalid value 5000, range for oom score adj is [-1000, 1000]'],
  [{ ExtraHosts: ['foo'] }, 'bad format for add-host: "foo"'],
];

describe('host configurations that are refused', () => {
  for (const [HostConfig, message] of refusals) {
    test(JSON.stringify(HostConfig), () => {
      assert.throws(() => check({ Image: 'a', HostConfig }), { kind: 'invalid', message });
    });
  }
});

describe('bodies that are refused', () => {
  for (const [body, message] of [
    [{}, 'config cannot be empty in order to create a container'],
    [null, 'config cannot be empty in order to create a container'],
    [[], /invalid JSON: json: cannot unmarshal array into Go value of type/],
    ['x', /invalid JSON: json: cannot unmarshal string into Go value of type/],
    [
      { Image: 5 },
      'invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string',
    ],
    [
      { Image: 'a', Labels: { a: 1 } },
      'invalid JSON: json: cannot unmarshal number into Go struct field .Labels.a of type string',
    ],
    [
      { Image: 'a', Tty: 'x' },
      'invalid JSON: json: cannot unmarshal string into Go struct field .Tty of type bool',
    ],
    [
      { Image: 'a', HostConfig: { Memory: '1g' } },
      'invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64',
    ],
    [{ Image: 'a', StopTimeout: 1.5 }, /cannot unmarshal number 1.5 into .*StopTimeout/],
    [{ Image: 'a', HostConfig: { Memory: 1e30 } }, /cannot unmarshal number 1e\+30/],
    [{ Image: 'a', HostConfig: [] }, /cannot unmarshal array into Go struct field .HostConfig/],
    [{ Image: 'a', Env: ['=x'] }, 'invalid environment variable: =x'],
    [
      { Image: 'a', WorkingDir: 'rel' },
      "the working directory 'rel' is invalid, it needs to be an absolute path",
    ],
    [{ Image: 'a', StopSignal: 'FOO' }, 'invalid signal: FOO'],
    [
      { Image: 'a', Healthcheck: { Interval: 5 } },
      'Interval in Healthcheck cannot be less than 1ms',
    ],
    [{ Image: 'a', Healthcheck: { Retries: -5 } }, 'Retries in Healthcheck cannot be negative'],
  ] as [unknown, string | RegExp][]) {
    test(JSON.stringify(body), () => {
      assert.throws(() => check(body), typeof message === 'string' ? { message } : message);
    });
  }
});

describe('bodies that are read', () => {
  test('names of fields may differ in case, unknown ones are dropped, one word is a command', () => {
    const { config } = readCreateRequest({ image: 'a', TTY: true, Foo: 1, Cmd: 'x' }, '/n');
    assert.deepEqual(config, { Image: 'a', Tty: true, Cmd: ['x'] });
  });

  test('the default network has one name', () => {
    for (const NetworkMode of [undefined, '', 'default', 'bridge']) {
      const request = readCreateRequest(
        {
          Image: 'a',
          HostConfig: { NetworkMode },
          NetworkingConfig: { EndpointsConfig: { default: { Aliases: ['x'] } } },
        },
        '',
      );
      assert.equal(request.hostConfig.NetworkMode, 'bridge');
      assert.deepEqual(request.endpoints, { bridge: { Aliases: ['x'] } });
    }
  });

  test("an old client's address goes to its network", () => {
    const { endpoints } = readCreateRequest({ Image: 'a', MacAddress: '02:00:00:00:00:01' }, '');
    assert.deepEqual(endpoints, { bridge: { MacAddress: '02:00:00:00:00:01' } });
  });

  test('a hostile key stays a key', () => {
    const body = JSON.parse('{"Image":"a","Labels":{"__proto__":"x","constructor":"y"}}');
    const { config } = readCreateRequest(body, '');
    assert.deepEqual(Object.keys(config.Labels ?? {}), ['__proto__', 'constructor']);
  });

  test('a full request passes the checks', () => {
    check({
      Image: 'a',
      Env: ['A=b', 'C'],
      StopSignal: 'SIGRTMIN+3',
      ExposedPorts: { '80/tcp': {} },
      HostConfig: {
        Memory: 1e8,
        MemorySwap: -1,
        NanoCpus: 1.5e9,
        CpusetCpus: '0-1',
        PidsLimit: null,
        PortBindings: { '80-82/tcp': [{ HostIp: '::1', HostPort: '8000-8002' }], '9/udp': null },
        Binds: ['v:/v', '/a:/b:ro'],
        Mounts: [{ Type: 'bind', Source: '/x', Target: '/y' }],
        NetworkMode: 'container:other',
        IpcMode: 'shareable',
        ExtraHosts: ['host:1.2.3.4', 'v6:::1'],
      },
    });
  });
});

for (const [signal, valid] of [
  ['TERM', true],
  ['SIGTERM', true],
  ['sigterm', true],
  ['9', true],
  ['64', true],
  ['RTMIN+15', true],
  ['RTMAX-1', true],
  ['0', false],
  ['65', false],
  ['FOO', false],
  ['RTMIN+16', false],
  ['-9', false],
] as const) {
  test(`signal ${signal} is ${valid ? 'known' : 'refused'}`, () => {
    if (valid) checkSignal(signal);
    else assert.throws(() => checkSignal(signal), { message: `invalid signal: ${signal}` });
  });
}
