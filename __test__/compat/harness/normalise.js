'use strict';

/**
 * What was observed, as facts that can be compared: `where` to text. Everything that may differ without being a difference is taken out
 * here, and nowhere else.
 */

const { createHash } = require('node:crypto');
const { readRequest, readResponses } = require('../../support/messages.js');

/**
 * The normalisations. A scenario that is about one of them switches it off by its name in `exact`.
 *
 * - `order`: fields are compared by name; the order of fields of different names means nothing (RFC 9110 §5.3). Always on.
 * - `case`: field names are compared in lower case: they are case-insensitive (RFC 9110 §5.1).
 * - `connection`: `Connection` and `Keep-Alive` speak of one hop. Ours pools connections, of the originals only one does; towards
 *   clients Node's server writes them.
 * - `date`: Node's server adds the time of the day where the target gave none.
 * - `ports`: every run has ports of its own. They read `{target}`, `{second}`, `{forward}`, `{closed}`, and Unix sockets
 *   `{socket}`. Always on.
 * - `wording`: what Node's parser says, and the advice that newer versions of Node append to the error of a certificate, change with Node's
 *   version; the codes (`HPE_…`, …) do not. Always on.
 * - `strangers`: a test file beside this one may still call a port, or `localhost` with a port of the other address family, that is ours
 *   now. Such tests use Node's `fetch`, no scenario does, and its requests say so. Always on.
 * - `chunks`: where one chunk ends and the next begins depends on timing. Bodies are compared decoded. Always on.
 */
const HOP_FIELDS = new Set(['connection', 'keep-alive']);

/** Whoever may get requests. */
const PEERS = ['target', 'second', 'forward'];

/**
 * @param {Awaited<ReturnType<import('./run.js').run>>} observed
 * @param {import('./run.js').Scenario} scenario
 * @returns {Record<string, string>}
 */
function factsOf(observed, scenario) {
  const exact = new Set(scenario.exact);
  const facts = {};
  const add = (where, text) => (facts[where] = withoutPorts(text, observed.at));
  for (const peer of PEERS.filter((name) => observed[name])) {
    requestsOf(observed[peer]).forEach((request, i) => {
      addMessage(add, `${peer} request ${i + 1}`, request, exact);
      if (exact.has('address')) add(`${peer} request ${i + 1} from`, request.from);
    });
  }
  if (observed.client) addResponses(add, observed.client, exact);
  const events = observed.events.map((event) =>
    event.replace(/(HPE_\w+): .*|(?<=certificate); if .*?--use-system-ca/, '$1'),
  );
  add('events', (scenario.unordered ? events.toSorted() : events).join(', '));
  for (const [where, text] of Object.entries(observed.facts ?? {})) add(where, text);
  observed.notes.forEach((note, i) => add(`note ${i + 1}`, note));
  return facts;
}

function withoutPorts(text, at) {
  const portOf = (url) => url && new URL(url).port;
  const named = {
    target: at.port,
    closed: at.closed,
    second: portOf(at.second),
    forward: portOf(at.forward),
  };
  let result = at.socketPath ? `${text}`.replaceAll(at.socketPath, '{socket}') : `${text}`;
  for (const [name, port] of Object.entries(named)) {
    if (port) result = result.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), `{${name}}`);
  }
  return result;
}

/** The requests of all connections, in the order in which the connections were made. */
function requestsOf(connections) {
  return connections.flatMap(({ text, from }) => {
    const requests = [];
    for (let rest = text; rest !== '';) {
      try {
        const request = readRequest(rest);
        const isStranger = request.values('sec-fetch-mode').length > 0;
        if (!isStranger) requests.push({ ...request, from, names: namesOf(rest) });
        rest = request.rest;
      } catch (error) {
        return [...requests, { start: `unreadable: ${error.message}`, fields: [], names: [], from }];
      }
    }
    return requests;
  });
}

const namesOf = (text) =>
  text
    .slice(0, text.indexOf('\r\n\r\n'))
    .split('\r\n')
    .slice(1)
    .map((line) => line.slice(0, line.indexOf(':')));

function addMessage(add, where, message, exact) {
  add(where, message.start);
  const values = new Map();
  message.fields.forEach(([name, value], i) => {
    if (HOP_FIELDS.has(name) && !exact.has('connection')) return;
    const shown = exact.has('case') ? message.names[i] : name;
    values.set(shown, [...(values.get(shown) ?? []), value]);
  });
  for (const [name, all] of values) add(`${where} ${name}`, all.join('\n'));
  if (message.framing === undefined) return;
  add(`${where} framing`, message.framing);
  add(`${where} body`, shortened(message.body));
  if (message.trailers.length > 0)
    add(`${where} trailers`, message.trailers.map((one) => one.join(': ')).join('\n'));
}

/** A long body as its length and digest: a report of differences should be readable. */
function shortened(body) {
  if (body.length < 1000) return body;
  return `${body.length} bytes, ${createHash('sha256').update(body, 'latin1').digest('hex')}`;
}

function addResponses(add, client, exact) {
  const method = client.requests[0].split(' ', 1)[0];
  let responses;
  try {
    responses = client.text === '' ? [] : readResponses(client.text, method);
  } catch (error) {
    add('responses', `unreadable: ${error.message}`);
    return;
  }
  const finals = responses.filter(({ status }) => status >= 200);
  const interims = responses.filter(({ status }) => status < 200);
  add('responses', `${finals.length}${client.isWaiting ? ', and the client waits' : ''}`);
  responses.forEach((response, i) => {
    const text = i === 0 ? client.text : responses[i - 1].rest;
    const isFinal = response.status >= 200;
    const where = isFinal
      ? `response ${finals.indexOf(response) + 1}`
      : `interim ${interims.indexOf(response) + 1}`;
    const fields = response.fields.map(([name, value]) => {
      const isDate = name === 'date' && !exact.has('date');
      return [name, isDate ? '{date}' : value];
    });
    addMessage(
      add,
      where,
      { ...response, framing: isFinal ? response.framing : undefined, fields, names: namesOf(text) },
      exact,
    );
    if (!response.isComplete) add(`${where} completeness`, 'cut');
  });
  if (exact.has('connection')) add('client connection', client.ending === null ? 'stays open' : 'is closed');
}

module.exports = { factsOf, withoutPorts };
