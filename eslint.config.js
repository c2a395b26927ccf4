'use strict';

const js = require('@eslint/js');
const globals = require('globals');

module.exports = [
  { ignores: ['lib/native/binding.js', 'target/', 'coverage/', 'fuzz/'] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { ecmaVersion: 2023, globals: globals.node },
    rules: {
      'array-callback-return': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-else-return': 'error',
      'no-implicit-coercion': ['error', { boolean: false }],
      'no-restricted-modules': ['error', ...nodeModulesWithoutPrefix()],
      'no-shadow': 'error',
      'no-throw-literal': 'error',
      'no-unused-vars': ['error', { caughtErrors: 'all', reportUsedIgnorePattern: true }],
      // Constants stand below the functions that use them.
      'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-object-has-own': 'error',
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { strict: ['error', 'global'] },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { sourceType: 'module' },
  },
  {
    files: ['lib/**', 'index.js', 'index.mjs'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['__test__/**'],
    languageOptions: { globals: globals.jest },
  },
];

/** Built-in modules are named `node:…`, so that nothing installed can stand in for one. */
function nodeModulesWithoutPrefix() {
  return require('node:module')
    .builtinModules.filter((name) => !name.startsWith('node:') && !name.startsWith('_'))
    .map((name) => ({ name, message: `Write 'node:${name}'.` }));
}
