'use strict';

/** `proxyTimeout`, `timeout`, `connectTimeout`. */

const { head, reply } = require('../harness/texts.js');

const later = (milliseconds) => (connection) => {
  setTimeout(() => connection.socket.writable && connection.socket.write(reply()), milliseconds);
};
const never = () => {};

module.exports = [
  {
    name: 'proxyTimeout, and no answer',
    options: ({ target }) => ({ target, proxyTimeout: 80 }),
    upstream: { answer: never },
  },
  {
    name: 'proxyTimeout, and an answer in time',
    options: ({ target }) => ({ target, proxyTimeout: 1500 }),
    upstream: { answer: later(30) },
  },
  {
    name: 'proxyTimeout in one call',
    perCall: () => ({ proxyTimeout: 80 }),
    upstream: { answer: never },
  },
  {
    name: 'proxyTimeout, and a callback',
    options: ({ target }) => ({ target, proxyTimeout: 80 }),
    upstream: { answer: never },
    callback: true,
  },
  {
    name: 'proxyTimeout of 0',
    options: ({ target }) => ({ target, proxyTimeout: 0 }),
    upstream: { answer: later(50) },
  },
  {
    name: 'proxyTimeout, and a pause within the body',
    options: ({ target }) => ({ target, proxyTimeout: 80 }),
    upstream: {
      answer: (connection) => connection.socket.write(head('200 OK', ['Content-Length: 10']) + 'hello'),
    },
    patience: 400,
  },
  {
    name: 'timeout, and no answer',
    options: ({ target }) => ({ target, timeout: 400 }),
    upstream: { answer: never },
    patience: 1500,
  },
  {
    name: 'timeout, and an answer in time',
    options: ({ target }) => ({ target, timeout: 1500 }),
    upstream: { answer: later(30) },
  },
  {
    name: 'timeout in one call',
    perCall: () => ({ timeout: 400 }),
    upstream: { answer: never },
    patience: 1500,
  },
  {
    name: 'timeout of 0',
    options: ({ target }) => ({ target, timeout: 0 }),
    upstream: { answer: later(50) },
  },
  {
    name: 'timeout and proxyTimeout, the second is shorter',
    options: ({ target }) => ({ target, timeout: 2500, proxyTimeout: 400 }),
    upstream: { answer: never },
  },
  {
    name: 'connectTimeout, and a target that answers at once',
    options: ({ target }) => ({ target, connectTimeout: 1000 }),
  },
];
