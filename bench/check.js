'use strict';

const assert = require('node:assert/strict');
const { ask } = require('./ask.js');
const {
  SMALL_BODY,
  LARGE_BODY,
  RECORDS_BODY,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  HOOK_REQUEST_HEADER,
  HOOK_RESPONSE_HEADER,
  HOOK_VALUE,
} = require('./payload.js');

/**
 * One request before the measuring: what a contestant leaves out must not make it look fast.
 *
 * @throws {Error} saying what was wrong with the answer
 */
async function checkContestant(contestant, url, scenario) {
  const answer = await ask(new URL(scenario.path, url), scenario);
  const expected = { '/large': LARGE_BODY, '/gzip': RECORDS_BODY }[scenario.path] ?? SMALL_BODY;
  assert.equal(answer.status, 200, `answered ${answer.status}: ${answer.body.toString('latin1', 0, 200)}`);
  assert.ok(answer.body.equals(expected), `wrong body of ${answer.body.length} bytes`);
  for (const [name, value] of Object.entries(RESPONSE_HEADERS)) {
    if (name === 'Date') assert.ok(answer.headers.date, 'no Date in the response');
    else assert.equal(answer.headers[name.toLowerCase()], value, `response header ${name}`);
  }
  if (scenario.hooks === 'both' || scenario.interceptor)
    assert.equal(answer.headers[HOOK_RESPONSE_HEADER], HOOK_VALUE, 'response hook had no effect');
  assert.equal(answer.headers['content-encoding'], undefined, 'the body is still coded');
  if (contestant.kind !== 'floor') await checkForwarding(url, scenario);
}

/** The upstream answers /echo with what reached it. */
async function checkForwarding(url, scenario) {
  const answer = await ask(new URL('/echo?a=1&b=%20', url), scenario);
  const seen = JSON.parse(answer.body.toString());
  const [requestLine, ...lines] = seen.head.split('\r\n');
  const version = scenario.over === 'h2' ? '2.0' : '1.1';
  const expected = `${scenario.method} /echo?a=1&b=%20 HTTP/${version}`;
  assert.equal(requestLine, expected, 'request line at the upstream');
  assert.equal(seen.body, scenario.body, 'request body at the upstream');
  const wanted = { ...REQUEST_HEADERS, ...(scenario.hooks !== '' && { [HOOK_REQUEST_HEADER]: HOOK_VALUE }) };
  for (const [name, value] of Object.entries(wanted)) {
    const line = `${name}: ${value}`.toLowerCase();
    assert.ok(
      lines.some((one) => one.toLowerCase() === line),
      `request header ${name} did not reach the upstream`,
    );
  }
}

module.exports = { checkContestant };
