// hls.js is served beside the page's modules as hls.mjs (asset-files.ts).
export * from 'hls.js';
export { default } from 'hls.js';
