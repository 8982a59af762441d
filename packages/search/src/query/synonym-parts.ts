/** What a statement over words has more where words have synonyms; all empty where none has. */
export interface SynonymParts {
  /** A further array of the words' queries, with the comma before it. */
  readonly parameter: string
  /** Its name, with the comma before it. */
  readonly name: string
  /** The query of a synonym, from its text. */
  readonly read: (queryOf: (text: string) => string) => string
  /** What a word finds besides itself. */
  readonly besides: string
  /** What keeps a word that PostgreSQL leaves out from counting as common. */
  readonly unlessMeant: string
  /** Columns of a word. */
  readonly columns: string
  /** The column of all words without their synonyms. */
  readonly own: string
  /** The rank of the synonyms of a word, by these weights. */
  readonly rank: (weights: string) => string
  /** What a course that has only synonyms of a word loses. */
  readonly loss: string
}

const none: SynonymParts = {
  parameter: '',
  name: '',
  read: () => '',
  besides: '',
  unlessMeant: '',
  columns: '',
  own: '',
  rank: () => '',
  loss: '',
}

/** The parts for synonyms that are this parameter; without one, none. */
export function synonymParts(parameter: string | undefined): SynonymParts {
  if (parameter === undefined) return none
  return {
    parameter: `, (SELECT ${parameter}::text[])`,
    name: ', synonym',
    read: (queryOf) => `${queryOf('one.synonym')} AS synonym, `,
    besides: ` || coalesce(part.synonym, '')`,
    unlessMeant: ' AND part.synonym IS NULL',
    columns: 'part.synonym, spelling.finished AS own, ',
    own: `string_agg('(' || word.own::text || ')', ' & ')::tsquery AS own,
           `,
    rank: (weights) => `, 0.8 * ts_rank('${weights}', found.words, weighed.synonym)`,
    loss: `
               - CASE WHEN found.words @@ asked.finished AND NOT found.words @@ asked.own
                      THEN 0.1 ELSE 0 END`,
  }
}
