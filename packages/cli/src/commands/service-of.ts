import type { HeadwaterServices } from '../config/config.ts'
import type { Invocation } from './command.ts'
import { UsageError } from './usage-error.ts'

/**
 * A service that the configuration makes.
 *
 * @throws UsageError where it makes none.
 */
export async function serviceOf<Name extends keyof HeadwaterServices>(
  { open }: Invocation,
  name: Name,
): Promise<NonNullable<HeadwaterServices[Name]>> {
  const { services } = await open()
  const service = (await services())[name]
  if (service !== undefined) return service
  throw new UsageError(
    `this command needs headwater.config.ts, whose services(stores) returns ${name}`,
  )
}
