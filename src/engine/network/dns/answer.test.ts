import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { decode, encode, type Packet, type RecordType } from 'dns-packet';
import { answerQuery, errorReply, responseCode } from './answer.ts';
import { createNameIndex, type NamedEndpoint } from './name-index.ts';

const asker = 'a'.repeat(64);
const endpoint = (containerName: string, ipv4: string, more = {}): NamedEndpoint => ({
  containerId: asker,
  containerName,
  networkName: 'net',
  external: true,
  aliases: [],
  links: new Map(),
  ipv4,
  ipv6: '',
  upstreams: [],
  ...more,
});
const names = createNameIndex();
names.add(endpoint('web', '10.0.0.2', { ipv6: 'fd00::2' }));
for (let i = 0; i < 100; i++) {
  const containerId = i.toString(16).padStart(64, 'b');
  names.add(endpoint(`many${i}`, `10.0.1.${i}`, { containerId, aliases: ['many'] }));
}

const edns = (udpPayloadSize: number): Packet['additionals'] => [
  {
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  },
];
function query(name: string, type: RecordType, more: Packet = {}): Buffer {
  return encode({ type: 'query', id: 4660, flags: 0x100, questions: [{ name, type }], ...more });
}
function ask(message: Buffer, transport: 'udp' | 'tcp' = 'udp') {
  return answerQuery(message, { asker, names, transport });
}
function answerTo(message: Buffer, transport: 'udp' | 'tcp' = 'udp') {
  const decision = ask(message, transport);
  assert.equal(decision.kind, 'answer');
  const { reply: bytes } = decision as { reply: Buffer };
  return { ...decode(bytes), bytes, code: bytes[3]! & 0xf };
}

describe('answerQuery', () => {
  for (const [name, type, data] of [
    ['web', 'A', ['10.0.0.2']],
    ['WeB', 'A', ['10.0.0.2']],
    ['web.net', 'A', ['10.0.0.2']],
    ['web', 'AAAA', ['fd00::2']],
    ['many1', 'AAAA', []],
    ['web', 'MX', []],
    ['2.0.0.10.in-addr.arpa', 'PTR', ['web.net']],
    [`2.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`, 'PTR', ['web.net']],
  ] as [string, RecordType, string[]][]) {
    it(`answers ${name} ${type}`, () => {
      const reply = answerTo(query(name, type));
      assert.deepEqual(
        reply.answers!.map((answer) => ('data' in answer ? answer.data : undefined)),
        data,
      );
      assert.equal(reply.id, 4660);
      assert.equal(reply.questions![0]!.name, name);
      assert.deepEqual([reply.flag_aa, reply.flag_rd, reply.flag_ra], [true, true, true]);
      assert.equal(reply.code, 0);
    });
  }

  for (const [name, type] of [
    ['example.org', 'A'],
    ['unknown', 'AAAA'],
    ['9.9.9.9.in-addr.arpa', 'PTR'],
    ['web', 'PTR'],
    ['.', 'NS'],
  ] as const) {
    it(`leaves ${name} ${type} to others`, () => {
      assert.deepEqual(ask(query(name, type)), { kind: 'forward' });
    });
  }

  it('fills what the client can take and sends it to TCP for more', () => {
    const small = answerTo(query('many', 'A'));
    assert.deepEqual([small.flag_tc, small.answers!.length], [true, 0]);
    assert.ok(small.bytes.length <= 512);
    const larger = answerTo(query('many', 'A', { additionals: edns(65000) }));
    assert.equal(larger.flag_tc, true);
    const whole = answerTo(query('many', 'A', { additionals: edns(1232) }), 'tcp');
    assert.deepEqual([whole.flag_tc, whole.answers!.length], [false, 100]);
    assert.equal(whole.additionals!.length, 1);
  });
});

describe('answerQuery, given what no resolver sends', () => {
  const well = query('web', 'A');
  const patched = (offset: number, value: number) => {
    const message = Buffer.from(well);
    message.writeUInt16BE(value, offset);
    return message;
  };
  it('ignores what is no query', () => {
    assert.equal(ask(Buffer.alloc(0)).kind, 'ignore');
    assert.equal(ask(well.subarray(0, 11)).kind, 'ignore');
    assert.equal(ask(patched(2, 0x8100)).kind, 'ignore');
  });
  it('says what it cannot do', () => {
    assert.equal(answerTo(patched(2, 0x2800)).code, responseCode.notImplemented);
    assert.equal(answerTo(patched(4, 2)).code, responseCode.formatError);
    assert.equal(answerTo(patched(4, 0)).code, responseCode.formatError);
    assert.equal(answerTo(patched(6, 1)).code, responseCode.formatError);
    assert.equal(answerTo(well.subarray(0, 14)).code, responseCode.formatError);
  });
  it('follows no compression pointer round in circles', () => {
    const loop = Buffer.concat([well.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
    assert.equal(answerTo(loop).code, responseCode.formatError);
  });
  it('survives lying counts and noise', () => {
    assert.equal(answerTo(patched(10, 65535)).code, 0);
    for (let i = 0; i < 2000; i++) {
      const noise = randomBytes(i % 80);
      ask(noise);
      if (noise.length >= 12) {
        noise.writeUInt16BE(0x0100, 2);
        noise.writeUInt16BE(1, 4);
        ask(noise);
        errorReply(noise, responseCode.serverFailure);
      }
    }
  });
});

describe('errorReply', () => {
  it('repeats id and question alone', () => {
    const message = query('web', 'A', { additionals: edns(4096) });
    const bytes = errorReply(message, responseCode.serverFailure);
    const reply = decode(bytes);
    assert.equal(bytes[3]! & 0xf, responseCode.serverFailure);
    assert.equal(reply.id, 4660);
    assert.deepEqual(reply.questions!.length, 1);
    assert.deepEqual(reply.additionals, []);
  });
});
