/**
 * Texts without a meaning in any language: syllables, letters, consonants and digits. What is
 * similar to one of them is similar by chance.
 */
export const madeUpTexts: readonly string[] = `
  quko / xiqnowcag poqmujum / masqaktic fanki cipsirac / fujegge / jemhis rybywu / tegojji suwo fawo
  rawi / rejqo cympylfu / fetefgi zokirjed wimusje / qewuc / vepwun papafex / cywlyjic zupky posoha
  ykglzgmy / qkfbmq eozghnq / iwsvetk rdyjtabm yfsgr / ecujj / ysqxvemu jllmtr / ggbqtash rfal ymkjgt
  vkid / knvogve rlayfm / rofq qontzzo tnpveu / telglm / eywnigx najnbsj / rucrguaz amcdqbjc vrhoqkdi
  txkmqg / wxmmxsz rpsszjb / qhdktq ftrphxq fjcb / tkgs / dpbzg dkwm / fvthmc lnxttm bdvmfp / dtprfqj
  fsng lrhd / cxmshv qbctcx mdgb / bnjf / ckpp hbncvnl / zqplz spvh pxfgd / 80740 / 364 505 / 297
  4396 21168 28185 / 437 3220 / 706 190 6072 / 06345 / 53521 79388 / 4404 013 00890 / 3332 / 7498 0667
  3616 14780 39345`
  .trim()
  .split(/\s*[/\n]\s*/u)
