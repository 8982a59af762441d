/** Development dependencies that the builds contain, as far as they are used. */
export const bundled = ['zod', 'cockatiel', 'preact', '@preact/signals', 'uplot']
