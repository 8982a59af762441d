import { counted } from '../../terminal/words.ts'
import { type Command, valueOf } from '../command.ts'
import { serviceOf } from '../service-of.ts'
import { UsageError } from '../usage-error.ts'

/** `headwater search queries` */
export const refreshQueries: Command = async (invocation) => {
  const search = await serviceOf(invocation, 'search')
  if (search.refreshQuerySuggestions === undefined)
    throw new UsageError('the search of headwater.config.ts suggests no queries')
  const { queries } = valueOf(await search.refreshQuerySuggestions())
  return {
    data: { queries },
    text: () =>
      queries === 0
        ? 'No query may be suggested: too few users have asked the same, or the log has no `queries`.'
        : `${counted(queries, 'query', 'queries')} may be suggested.`,
  }
}
