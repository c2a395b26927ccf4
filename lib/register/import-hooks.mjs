import { fileURLToPath } from 'node:url';
import hooks from './hooks.js';
import replacements from './replacements.js';

const { NOT_FOUND } = hooks;
const { askedFor, forVersion, sayMissing, urlOf } = replacements;

/** For `import`, on Node's thread of hooks. */
export async function resolve(specifier, context, nextResolve) {
  const asked = askedFor(specifier);
  if (asked === null) return nextResolve(specifier, context);
  if (asked.replacement === undefined) {
    sayMissing(specifier);
    return nextResolve(specifier, context);
  }
  const original = async () => fileURLToPath((await nextResolve(specifier, context)).url);
  const file = asked.isVersioned ? forVersion(await foundOrNot(original)) : asked.replacement;
  return { url: urlOf(file.import), shortCircuit: true };
}

async function foundOrNot(original) {
  try {
    return await original();
  } catch (error) {
    if (NOT_FOUND.has(error.code)) return undefined;
    throw error;
  }
}
