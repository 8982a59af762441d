/** English words that say little about the subject of a text, and words that fit every course. */
export const commonWords = `
  about above across after again against all almost along already also always among another any
  anyone anything around ask away back because become before behind being below best better
  between big both bring build call came case change come complete could day different does done
  down each either else end enough even every everything example explain few find first follow
  found four full further get give given go good great group had half hand happen hard help here
  high him himself home hour however idea important include instead itself just keep kind know
  large last later least leave less let level life like line little live long look lot made main
  make many may mean might month more most much must name near need never new next no nothing
  now number often old once one only open order other out over own part people person place plan
  point possible problem put question quite rather read real really right said same say second
  see seem set several she should show side simple since small some someone something soon start
  step still such take talk tell than them themselves these they thing think those though three
  through thus time today together too toward try turn two under understand until up upon us use
  user very want way week well went while whole why without word work world would write year yet
  yourself
  basics beginner course easy everyday introduction knowledge learn lesson practice skill study
  teach train`
  .trim()
  .split(/\s+/)
