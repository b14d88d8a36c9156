import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostCpuNs, parseBlkio, parseIoStat, parseNetDev } from './stats.ts';
import { parseProcessList } from './top.ts';
import { changedSettings } from './update-container.ts';

describe('parseProcessList', () => {
  it('keeps the processes of the container and joins what hangs over', () => {
    const output = 'UID   PID  CMD\nroot  1  init\nme   20  sh -c a  b\nroot 21 other\n';
    assert.deepEqual(parseProcessList(output, [20]), {
      titles: ['UID', 'PID', 'CMD'],
      processes: [['me', '20', 'sh -c a b']],
    });
  });
  it('keeps threads with their process', () => {
    const output = 'PID CMD\n20 sh\n- -\n21 x\n- -\n';
    assert.deepEqual(parseProcessList(output, [20]).processes, [
      ['20', 'sh'],
      ['-', '-'],
    ]);
  });
  it('needs a column of pids', () => {
    assert.throws(() => parseProcessList('CMD\nsh\n', []), /Couldn't find PID field/);
  });
});

describe('counters', () => {
  it('reads block devices of both versions', () => {
    const expected = [
      { major: 8, minor: 0, op: 'read', bytes: 4096 },
      { major: 8, minor: 0, op: 'write', bytes: 8 },
    ];
    assert.deepEqual(parseBlkio('8:0 Read 4096\n8:0 Write 8\n8:0 Sync 9\nTotal 4113\n'), expected);
    assert.deepEqual(parseIoStat('8:0 rbytes=4096 wbytes=8 rios=1 wios=1\n'), expected);
  });
  it('reads interfaces and leaves the loopback out', () => {
    const text =
      'Inter-| Receive | Transmit\n face |bytes packets\n' +
      '    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n' +
      '  eth0: 10 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n';
    assert.deepEqual(parseNetDev(text), {
      eth0: {
        rxBytes: 10,
        rxPackets: 2,
        rxErrors: 3,
        rxDropped: 4,
        txBytes: 50,
        txPackets: 6,
        txErrors: 7,
        txDropped: 8,
      },
    });
  });
  it('adds the processors up without what guests spent', () => {
    assert.equal(hostCpuNs('cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1\n'), 28e7);
  });
});

describe('changedSettings', () => {
  it('takes what is given and leaves the rest', () => {
    const changed = changedSettings(
      { Memory: 100, MemorySwap: 200, CpuShares: 5 },
      { Memory: 150, CpuShares: 0, PidsLimit: 0, RestartPolicy: { Name: 'always' } },
    );
    assert.deepEqual(changed, {
      Memory: 150,
      MemorySwap: 200,
      CpuShares: 5,
      PidsLimit: 0,
      RestartPolicy: { Name: 'always' },
    });
  });
  for (const [what, current, change] of [
    ['CPUs over a quota', { CpuQuota: 1 }, { NanoCpus: 1 }],
    ['a quota over CPUs', { NanoCpus: 1 }, { CpuQuota: 1 }],
    ['memory over swap', { Memory: 1, MemorySwap: 2 }, { Memory: 3 }],
    [
      'a policy for what removes itself',
      { AutoRemove: true },
      { RestartPolicy: { Name: 'always' } },
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => changedSettings(current, change), { kind: 'conflict' });
    });
  }
  it('allows any memory where swap has no bound', () => {
    assert.equal(changedSettings({ MemorySwap: -1 }, { Memory: 9 }).Memory, 9);
  });
});
