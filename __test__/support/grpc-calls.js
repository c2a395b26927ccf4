'use strict';

/** Calls of all four kinds, and what ends them: the same through every front. */

const grpc = require('@grpc/grpc-js');
const { once } = require('node:events');
const { released } = require('./engine.js');
const { answered, bytes, grpcBench } = require('./grpc.js');
const { eventually } = require('./peers.js');

/**
 * Defines the tests for each front.
 *
 * @param {[how: string, name: string, front: (options: object) => Promise<{ port: number }>][]} rows
 */
function testCalls(rows) {
  describe.each(rows)('%s, %s', (how, _name, front) => {
    test('one request, one answer, with metadata both ways', async () => {
      const { caller } = await grpcBench(how, front);
      const metadata = new grpc.Metadata();
      metadata.set('x-ask', 'me');
      expect(await answered(caller, 'unary', 'hello', metadata)).toMatchObject({
        answer: 'got hello',
        code: grpc.status.OK,
        trailers: { 'x-asked': 'me' },
      });
      const large = 'x'.repeat(1_000_000);
      expect((await answered(caller, 'unary', large)).answer === `got ${large}`).toBe(true);
      await released();
    });

    test('binary metadata, several values of a name', async () => {
      const { caller } = await grpcBench(how, front);
      const values = [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.alloc(0)];
      const metadata = new grpc.Metadata();
      for (const value of values) metadata.add('x-raw-bin', value);
      const { first, last } = await answered(caller, 'unary', 'hello', metadata);
      expect(first.get('x-raw-bin')).toEqual(values);
      expect(last.get('x-last-bin')).toEqual(values);
    });

    test('an error comes with its code, its words and its metadata', async () => {
      const { caller } = await grpcBench(how, front);
      const { error, code, trailers } = await answered(caller, 'unary', 'fail');
      expect([code, error.details]).toEqual([grpc.status.FAILED_PRECONDITION, 'not so, señor']);
      expect(trailers).toMatchObject({ 'x-detail': 'said' });
      // The target answers with a head alone.
      const unknown = new Promise((resolve) => {
        caller.makeUnaryRequest('/test.Echo/None', bytes.serialize, bytes.deserialize, 'x', resolve);
      });
      expect((await unknown).code).toBe(grpc.status.UNIMPLEMENTED);
    });

    test('streams of the server, of the client, and of both', async () => {
      const { caller } = await grpcBench(how, front);
      const received = [];
      for await (const text of caller.down('2000')) received.push(text);
      expect(received).toEqual(Array.from({ length: 2000 }, (_, i) => `${i}`));
      const sum = new Promise((resolve) => {
        const up = caller.up((error, answer) => resolve(answer));
        for (let i = 0; i < 200; i++) up.write('x'.repeat(1000));
        up.end();
      });
      expect(await sum).toBe('200000');
      const both = caller.both();
      for (const text of ['a', 'b', 'c']) {
        both.write(text);
        expect((await once(both, 'data'))[0]).toBe(`<${text}>`);
      }
      both.end();
      both.resume();
      expect((await once(both, 'status'))[0].code).toBe(grpc.status.OK);
      await released();
    });

    test('many calls of one client at a time', async () => {
      const { caller } = await grpcBench(how, front);
      const calls = Array.from({ length: 150 }, (_, i) => answered(caller, 'unary', `${i}`));
      expect((await Promise.all(calls)).map(({ answer }) => answer)).toEqual(calls.map((_, i) => `got ${i}`));
      await released();
    });

    test('a call that is cancelled, or takes too long, ends at the target, too', async () => {
      const { caller, cancelled } = await grpcBench(how, front);
      const first = caller.down('-1');
      first.on('error', () => {});
      await once(first, 'data');
      first.cancel();
      await eventually(() => cancelled.length === 1);
      const second = caller.down('-1', { deadline: Date.now() + 300 });
      second.resume();
      const [error] = await once(second, 'error');
      expect(error.code).toBe(grpc.status.DEADLINE_EXCEEDED);
      await eventually(() => cancelled.length === 2);
      const both = caller.both();
      both.on('error', () => {});
      both.write('a');
      await once(both, 'data');
      both.cancel();
      await eventually(() => cancelled.length === 3);
      const late = { deadline: Date.now() + 300 };
      const { code } = await answered(caller, 'unary', 'never', undefined, late);
      expect(code).toBe(grpc.status.DEADLINE_EXCEEDED);
      await eventually(() => cancelled.length === 4);
      await released();
    });

    test('listeners edit a call’s metadata', async () => {
      const { caller } = await grpcBench(how, front, {
        on: {
          proxyReq: (proxyReq) => proxyReq.setHeader('x-ask', 'edited'),
          proxyRes: (proxyRes) => void proxyRes.headers,
        },
      });
      expect((await answered(caller, 'unary', 'hello')).trailers).toMatchObject({ 'x-asked': 'edited' });
    });
  });
}

module.exports = { testCalls };
