import vite from './index.js';

export const { rsProxy } = vite;
export { rsProxy as default };
