'use strict';

/** `cookieDomainRewrite` and `cookiePathRewrite`. */

const { reply } = require('../harness/texts.js');

const cookie = (name, lines, options) => ({
  name,
  options: ({ target }) => ({ target, ...options }),
  upstream: { answer: reply([lines].flat().map((line) => `Set-Cookie: ${line}`)) },
});

const DOMAIN = 'a=1; Domain=old.test; Path=/old; HttpOnly';

module.exports = [
  cookie('neither option', DOMAIN, {}),
  cookie('a domain for all', DOMAIN, { cookieDomainRewrite: 'new.test' }),
  cookie('an empty domain for all', DOMAIN, { cookieDomainRewrite: '' }),
  cookie('false', DOMAIN, { cookieDomainRewrite: false }),
  cookie('a map with the domain', DOMAIN, { cookieDomainRewrite: { 'old.test': 'new.test' } }),
  cookie('a map with another domain', DOMAIN, { cookieDomainRewrite: { 'other.test': 'new.test' } }),
  cookie('a map with a star', DOMAIN, { cookieDomainRewrite: { '*': 'new.test' } }),
  cookie('a map with the domain and a star', DOMAIN, {
    cookieDomainRewrite: { '*': 'all.test', 'old.test': 'new.test' },
  }),
  cookie('a map that removes the domain', DOMAIN, { cookieDomainRewrite: { 'old.test': '' } }),
  cookie('a map that keeps one and removes the others', [DOMAIN, 'b=2; Domain=two.test'], {
    cookieDomainRewrite: { 'two.test': 'two.test', '*': '' },
  }),
  cookie('a map, the domain in another case', 'a=1; Domain=OLD.test', {
    cookieDomainRewrite: { 'old.test': 'new.test' },
  }),
  cookie('the attribute in another case and spacing', 'a=1;domain=old.test;  secure', {
    cookieDomainRewrite: 'new.test',
  }),
  cookie('a leading dot', 'a=1; Domain=.old.test', { cookieDomainRewrite: { '.old.test': '.new.test' } }),
  cookie('a leading dot that the map lacks', 'a=1; Domain=.old.test', {
    cookieDomainRewrite: { 'old.test': 'new.test' },
  }),
  cookie('a domain named like a member of objects', 'a=1; Domain=constructor', {
    cookieDomainRewrite: { 'old.test': 'new.test' },
  }),
  cookie('no domain', 'a=1; Path=/', { cookieDomainRewrite: 'new.test' }),
  cookie('two domains in one cookie', 'a=1; Domain=one.test; Domain=two.test', {
    cookieDomainRewrite: 'new.test',
  }),
  cookie('a value that looks like the attribute', 'domain=old.test; Secure', {
    cookieDomainRewrite: 'new.test',
  }),
  cookie('several cookies', [DOMAIN, 'b=2; Domain=old.test', 'c=3'], { cookieDomainRewrite: 'new.test' }),
  cookie('a path for all', DOMAIN, { cookiePathRewrite: '/new' }),
  cookie('an empty path for all', DOMAIN, { cookiePathRewrite: '' }),
  cookie('a map with the path', DOMAIN, { cookiePathRewrite: { '/old': '/new', '/': '/other' } }),
  cookie('a map with a longer path', 'a=1; Path=/old/er', { cookiePathRewrite: { '/old': '/new' } }),
  cookie('a map of paths with a star', [DOMAIN, 'b=2; path=/two'], {
    cookiePathRewrite: { '/old': '/new', '*': '/' },
  }),
  cookie('a map that removes the path', DOMAIN, { cookiePathRewrite: { '/old': '' } }),
  cookie('domain and path together', DOMAIN, { cookieDomainRewrite: 'new.test', cookiePathRewrite: '/new' }),
  {
    name: 'in one call',
    perCall: () => ({ cookieDomainRewrite: 'new.test' }),
    upstream: { answer: reply([`Set-Cookie: ${DOMAIN}`]) },
  },
];
