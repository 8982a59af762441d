/**
 * Texts without a meaning in any language, by kind: syllables, letters, consonants, digits, and the
 * few or repeated letters that models with words of their own take for some. What is similar to one
 * of them is similar by chance.
 */
export const madeUpKinds: readonly (readonly string[])[] = [
  `quko / xiqnowcag poqmujum / masqaktic fanki cipsirac / fujegge / jemhis rybywu / tegojji suwo fawo
  rawi / rejqo cympylfu / fetefgi zokirjed wimusje / qewuc / vepwun papafex / cywlyjic zupky posoha`,
  `ykglzgmy / qkfbmq eozghnq / iwsvetk rdyjtabm yfsgr / ecujj / ysqxvemu jllmtr
  ggbqtash rfal ymkjgt / vkid / knvogve rlayfm`,
  `txkmqg / wxmmxsz rpsszjb / qhdktq ftrphxq fjcb / tkgs / dpbzg dkwm / fvthmc lnxttm bdvmfp / dtprfqj
  fsng lrhd`,
  '80740 / 364 505 / 4396 21168 28185 / 06345 / 53521 79388 / 706 190 6072',
  'vzy / i udk / fgn cd k / sq / gg uv / kn u zpm / g / hbg c',
  'gggg / wwww jjjj / ffffff dd iii / hhhhhh / hh aaaaaa / jjjj eeee ttttt',
].map((texts) => texts.split(/\s*[/\n]\s*/u))

/** The texts of every kind. */
export const madeUpTexts: readonly string[] = madeUpKinds.flat()

/** The number of the kind of each of them. */
export const kindsOfMadeUp: readonly number[] = madeUpKinds.flatMap((texts, kind) =>
  texts.map(() => kind),
)
