/**
 * A whole number of the environment, 0 or more.
 *
 * @throws TypeError that names the variable when it is set to anything else.
 */
export function envNumber(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name]
  if (text === undefined || text === '') return otherwise
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new TypeError(`${name}: expected a whole number, got ${JSON.stringify(text)}`)
}
