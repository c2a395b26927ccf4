'use strict';

/**
 * What travels: the same request headers, bodies and response headers for every contestant,
 * shared by the load generator, the upstream and the floor that answers by itself.
 */

const SMALL_BODY = Buffer.from(
  JSON.stringify({ id: 42, name: 'example', tags: ['a', 'b', 'c'], active: true, score: 0.75 }),
);

const LARGE_BODY = Buffer.alloc(1024 * 1024, 'abcdefghijklmnopqrstuvwxyz012345');

/** JSON of about the same size, as an API gives it: it compresses to a fifth, not to nothing. */
const RECORDS_BODY = Buffer.from(JSON.stringify(records(7000)));

const POST_BODY = JSON.stringify({ text: 'x'.repeat(1024 - '{"text":""}'.length) });

/** What a browser sends with `fetch()`; `Host` is added by the client. */
const REQUEST_HEADERS = {
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  Accept: 'application/json, text/plain, */*',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Referer: 'http://localhost/dashboard?tab=overview',
  'Sec-Fetch-Dest': 'empty',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Site': 'same-origin',
  'Cache-Control': 'no-cache',
  Cookie: 'session=0f8fad5bd9cb469fa16570867728950e; theme=dark',
};

/** Together with `Connection`, what an ordinary back end answers. */
const RESPONSE_HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  Date: new Date().toUTCString(),
  'Cache-Control': 'no-cache, private',
  ETag: '"5f3-8pQnZ4Xb1c"',
  Vary: 'Accept-Encoding, Origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Request-Id': '7b1f0c1e-2f3a-4c57-9d0e-6a1d1a0c9f11',
};

function records(count) {
  // Numbers that are the same in every process.
  let state = 1;
  const number = () => (state = (state * 48_271) % 2_147_483_647);
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `customer ${number() % 10_000}`,
    email: `${number().toString(36)}@example.com`,
    active: number() % 3 > 0,
    balance: (number() % 1_000_000) / 100,
    tags: ['red', 'green', 'blue'].slice(number() % 3),
    token: number().toString(16) + number().toString(16),
  }));
}

/** The header each contestant's hooks add on the way in and on the way out. */
const HOOK_REQUEST_HEADER = 'x-bench-request';
const HOOK_RESPONSE_HEADER = 'x-bench-response';
const HOOK_VALUE = 'hooked';

module.exports = {
  SMALL_BODY,
  LARGE_BODY,
  RECORDS_BODY,
  POST_BODY,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  HOOK_REQUEST_HEADER,
  HOOK_RESPONSE_HEADER,
  HOOK_VALUE,
};
