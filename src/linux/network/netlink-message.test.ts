import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeAttributes, encodeRequest, failureOf, messagesIn } from './netlink-message.ts';

const request = {
  purpose: 'add bridge br0',
  type: 16,
  header: Buffer.alloc(16),
  attributes: [
    { type: 3, value: Buffer.from('br0\0') },
    { type: 18, value: [{ type: 1, value: Buffer.from('bridge') }] },
  ],
};

describe('netlink messages', () => {
  it('are built of padded, nested attributes', () => {
    const bytes = encodeRequest(request, 7, 4);
    assert.equal(
      bytes.toString('hex'),
      [
        '38000000' + '1000' + '0500' + '07000000' + '00000000',
        '00'.repeat(16),
        '0800' + '0300' + '62723000',
        '1000' + '1200' + '0a00' + '0100' + '627269646765' + '0000',
      ].join(''),
    );
    const [message] = [...messagesIn(bytes)];
    assert.equal(message!.sequence, 7);
    const attributes = decodeAttributes(message!.payload, 16);
    assert.deepEqual([...attributes.keys()], [3, 18]);
    assert.equal(decodeAttributes(attributes.get(18)!, 0).get(1)!.toString(), 'bridge');
  });

  it('are refused when they do not fit their datagram', () => {
    const bytes = encodeRequest(request, 1, 0);
    for (const cut of [bytes.subarray(0, 40), Buffer.concat([Buffer.alloc(16), bytes])]) {
      assert.throws(() => [...messagesIn(cut)], { kind: 'internal' });
    }
  });

  it('stop at an attribute that lies about its length', () => {
    assert.equal(decodeAttributes(Buffer.from('ffff0300', 'hex'), 0).size, 0);
    assert.equal(decodeAttributes(Buffer.from('00000300', 'hex'), 0).size, 0);
  });
});

describe('failureOf', () => {
  function acknowledgement(errno: number, text?: string) {
    const attribute = Buffer.from(text ? `0000${'0100'}` : '', 'hex');
    const value = Buffer.from(text ? `${text}\0` : '');
    if (text) attribute.writeUInt16LE(4 + value.length, 0);
    const start = Buffer.alloc(20);
    start.writeInt32LE(errno);
    const payload = Buffer.concat([start, attribute, value]);
    return { type: 2, flags: text ? 0x200 : 0, sequence: 1, payload };
  }

  it('says what was tried and why it failed, in the words of the kernel', () => {
    assert.equal(failureOf(request, acknowledgement(0)), undefined);
    assert.match(failureOf(request, acknowledgement(-17))!.message, /^add bridge br0: EEXIST$/);
    assert.match(
      failureOf(request, acknowledgement(-101, 'Nexthop has invalid gateway'))!.message,
      /^add bridge br0: Nexthop has invalid gateway \(ENETUNREACH\)$/,
    );
  });

  it('overlooks what the request tolerates', () => {
    const tolerant = { ...request, tolerate: ['EEXIST'] };
    assert.equal(failureOf(tolerant, acknowledgement(-17)), undefined);
    assert.ok(failureOf(tolerant, acknowledgement(-1)));
  });
});
