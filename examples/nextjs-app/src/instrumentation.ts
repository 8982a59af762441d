/** Connects before the first request; what cannot connect ends the server. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return
  const { headwater } = await import('./headwater.ts')
  await headwater()
}
