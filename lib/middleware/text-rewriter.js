'use strict';

/**
 * Replaces in a text that comes piece by piece what would be replaced in the whole. A rule works on what the rule before it has left.
 */

/** A regular expression finds what is at most so long, with all that it looks at around it; so much of the text is held back for it. */
const WINDOW = 4096;

class TextRewriter {
  #rules;

  /** @param {{ match: string | RegExp, replace: string }[]} rules */
  constructor(rules) {
    this.#rules = rules.map(({ match, replace }) =>
      typeof match === 'string' ? new StringRule(match, replace) : new RegExpRule(match, replace),
    );
  }

  /** @returns {string} what is decided by now */
  push(text) {
    return this.#rules.reduce((rest, rule) => rule.push(rest, false), text);
  }

  /** @returns {string} the rest */
  finish() {
    return this.#rules.reduce((rest, rule) => rule.push(rest, true), '');
  }
}

class StringRule {
  #match;
  #replacement;
  #held = '';

  constructor(match, replace) {
    this.#match = match;
    this.#replacement = expand(replace, [match]);
  }

  push(piece, isLast) {
    const parts = (this.#held + piece).split(this.#match);
    const rest = parts.pop();
    const keep = isLast ? 0 : this.#begunAtEndOf(rest);
    this.#held = rest.slice(rest.length - keep);
    parts.push(rest.slice(0, rest.length - keep));
    return parts.join(this.#replacement);
  }

  /** How many characters at the end of a text may be the beginning of a match. */
  #begunAtEndOf(text) {
    let length = Math.min(text.length, this.#match.length - 1);
    while (length > 0 && !this.#match.startsWith(text.slice(text.length - length))) length--;
    return length;
  }
}

class RegExpRule {
  #match;
  #replace;
  /** What is decided, for the expression to look back at, and what is not. */
  #text = '';
  #at = 0;

  constructor(match, replace) {
    // Every match is replaced, wherever it is.
    this.#match = new RegExp(match.source, `${match.flags.replace(/[gy]/g, '')}g`);
    this.#replace = replace;
  }

  push(piece, isLast) {
    this.#text += piece;
    const text = this.#text;
    const end = isLast ? text.length : text.length - WINDOW;
    let out = '';
    this.#match.lastIndex = this.#searchFrom;
    while (this.#match.lastIndex <= end) {
      const found = this.#match.exec(text);
      if (found === null || found.index > end || (found.index === end && !isLast)) break;
      out += text.slice(this.#at, found.index) + expand(this.#replace, found);
      this.#at = found.index + found[0].length;
      this.#searchFrom = this.#at;
      if (found[0] === '') this.#searchFrom = this.#at + lengthAt(text, this.#at, this.#match.unicode);
      this.#match.lastIndex = this.#searchFrom;
    }
    if (end > this.#at) {
      out += text.slice(this.#at, end);
      this.#at = end;
    }
    this.#searchFrom = Math.max(this.#searchFrom, this.#at);
    this.#forget();
    return out;
  }

  /** Behind an empty match, it is a character further than what is decided. */
  #searchFrom = 0;

  #forget() {
    const surplus = this.#at - WINDOW;
    // Not with each piece: the text would be copied each time.
    if (surplus < WINDOW) return;
    this.#text = this.#text.slice(surplus);
    this.#at -= surplus;
    this.#searchFrom -= surplus;
  }
}

const lengthAt = (text, at, isUnicode) => (isUnicode && text.codePointAt(at) > 0xffff ? 2 : 1);

/** A replacement as `String.prototype.replace` understands it, but for the text before and behind the match. */
function expand(replace, found) {
  return replace.replace(PATTERN, (pattern, kind, name) => {
    if (kind === '$') return '$';
    if (kind === '&') return found[0];
    if (name !== undefined) return found.groups === undefined ? pattern : (found.groups[name] ?? '');
    for (const digits of [kind, kind[0]]) {
      const group = Number(digits);
      if (group > 0 && group < found.length) return (found[group] ?? '') + kind.slice(digits.length);
    }
    return pattern;
  });
}

const PATTERN = /\$(\$|&|\d{1,2}|<([^>]*)>)/g;

module.exports = { TextRewriter };
