"""Names in dates: months and days of the week in several languages, and zones of time."""

from __future__ import annotations

_MONTHS = """
jan january januar januari janvier enero ene gennaio gen janeiro jaen j\u00e4n j\u00e4nner styczen sty stycznia \
ledna leden ocak oca tammikuu tammikuuta tammi janu\u00e1r janu\u00e1ra sije\u010dnja ianuarie \
\u03b9\u03b1\u03bd\u03bf\u03c5\u03b1\u03c1\u03af\u03bf\u03c5 \u03b9\u03b1\u03bd \
\u044f\u043d\u0432\u0430\u0440\u044f \u044f\u043d\u0432\u0430\u0440\u044c \u044f\u043d\u0432 \
\u0441\u0456\u0447\u043d\u044f \u044f\u043d\u0443\u0430\u0440\u0438 janv
feb february februar februari fevrier f\u00e9vrier fev f\u00e9v fevr f\u00e9vr febrero febbraio fevereiro luty \
lut lutego \u00fanora \u00fanor \u015fubat \u015fub helmikuu helmikuuta helmi febru\u00e1r febru\u00e1ra \
velja\u010de februarie \u03c6\u03b5\u03b2\u03c1\u03bf\u03c5\u03b1\u03c1\u03af\u03bf\u03c5 \u03c6\u03b5\u03b2 \
\u0444\u0435\u0432\u0440\u0430\u043b\u044f \u0444\u0435\u0432\u0440\u0430\u043b\u044c \u0444\u0435\u0432 \
\u043b\u044e\u0442\u043e\u0433\u043e \u0444\u0435\u0432\u0440\u0443\u0430\u0440\u0438
mar march maerz m\u00e4rz maart mars marzo mar\u00e7o mrz mrt mae m\u00e4r marca marzec b\u0159ezna b\u0159ezen \
mart maaliskuu maaliskuuta maalis m\u00e1rcius marts maret martie o\u017eujka \
\u03bc\u03b1\u03c1\u03c4\u03af\u03bf\u03c5 \u03bc\u03b1\u03c1 \u043c\u0430\u0440\u0442\u0430 \
\u043c\u0430\u0440\u0442 \u043c\u0430\u0440 \u0431\u0435\u0440\u0435\u0437\u043d\u044f
apr april avril avr abril abr aprile kwi kwiecien kwietnia dubna duben nisan nis huhtikuu huhtikuuta huhti \
\u00e1prilis apr\u00edla aprilie travnja \u03b1\u03c0\u03c1\u03b9\u03bb\u03af\u03bf\u03c5 \u03b1\u03c0\u03c1 \
\u0430\u043f\u0440\u0435\u043b\u044f \u0430\u043f\u0440\u0435\u043b\u044c \u0430\u043f\u0440 \
\u043a\u0432\u0456\u0442\u043d\u044f
may mai mei mayo maggio mag maio maj maja kv\u011btna kv\u011bten may\u0131s toukokuu toukokuuta touko \
m\u00e1jus m\u00e1ja svibnja \u03bc\u03b1\u0390\u03bf\u03c5 \u03bc\u03b1\u03ca \u043c\u0430\u044f \
\u043c\u0430\u0439 \u0442\u0440\u0430\u0432\u043d\u044f
jun june juni juin junio giugno giu junho czerwiec cze czerwca \u010dervna \u010derven haziran haz kes\u00e4kuu \
kes\u00e4kuuta kes\u00e4 j\u00fanius j\u00fana iunie lipnja \u03b9\u03bf\u03c5\u03bd\u03af\u03bf\u03c5 \
\u03b9\u03bf\u03c5\u03bd \u0438\u044e\u043d\u044f \u0438\u044e\u043d\u044c \u0438\u044e\u043d \
\u0447\u0435\u0440\u0432\u043d\u044f
jul july juli juillet juil julio luglio lug julho lipiec lip lipca \u010dervence \u010dervenec temmuz tem \
hein\u00e4kuu hein\u00e4kuuta hein\u00e4 j\u00falius j\u00fala iulie srpnja \
\u03b9\u03bf\u03c5\u03bb\u03af\u03bf\u03c5 \u03b9\u03bf\u03c5\u03bb \u0438\u044e\u043b\u044f \
\u0438\u044e\u043b\u044c \u0438\u044e\u043b \u043b\u0438\u043f\u043d\u044f
aug august augustus aout ao\u00fbt agosto ago sierpien sie sierpnia srpna srpen a\u011fustos a\u011fu elokuu \
elokuuta elo augusztus augusta agustus kolovoza \u03b1\u03c5\u03b3\u03bf\u03cd\u03c3\u03c4\u03bf\u03c5 \
\u03b1\u03c5\u03b3 \u0430\u0432\u0433\u0443\u0441\u0442\u0430 \u0430\u0432\u0433\u0443\u0441\u0442 \
\u0430\u0432\u0433 \u0441\u0435\u0440\u043f\u043d\u044f
sep sept september septembre septiembre set settembre setembro wrzesien wrz wrze\u015bnia z\u00e1\u0159\u00ed \
eyl\u00fcl eyl syyskuu syyskuuta syys szeptember septembra septembrie rujna \
\u03c3\u03b5\u03c0\u03c4\u03b5\u03bc\u03b2\u03c1\u03af\u03bf\u03c5 \u03c3\u03b5\u03c0 \
\u0441\u0435\u043d\u0442\u044f\u0431\u0440\u044f \u0441\u0435\u043d\u0442\u044f\u0431\u0440\u044c \
\u0441\u0435\u043d \u0432\u0435\u0440\u0435\u0441\u043d\u044f
oct october oktober okt octobre octubre ottobre ott outubro out pazdziernik paz pa\u017adziernika \
\u0159\u00edjna \u0159\u00edjen ekim eki lokakuu lokakuuta loka okt\u00f3ber okt\u00f3bra octombrie \
\u03bf\u03ba\u03c4\u03c9\u03b2\u03c1\u03af\u03bf\u03c5 \u03bf\u03ba\u03c4 \
\u043e\u043a\u0442\u044f\u0431\u0440\u044f \u043e\u043a\u0442\u044f\u0431\u0440\u044c \u043e\u043a\u0442 \
\u0436\u043e\u0432\u0442\u043d\u044f ekm
nov november novembre noviembre novembro listopad lis listopada listopadu kas\u0131m kas marraskuu marraskuuta \
marras novembra noiembrie \u03bd\u03bf\u03b5\u03bc\u03b2\u03c1\u03af\u03bf\u03c5 \u03bd\u03bf\u03b5 \
\u043d\u043e\u044f\u0431\u0440\u044f \u043d\u043e\u044f\u0431\u0440\u044c \u043d\u043e\u044f
dec december dezember dez decembre d\u00e9cembre d\u00e9c diciembre dic dicembre dezembro grudzien gru grudnia \
prosince prosinec aral\u0131k ara joulukuu joulukuuta joulu decembra decembrie desember prosinca \
\u03b4\u03b5\u03ba\u03b5\u03bc\u03b2\u03c1\u03af\u03bf\u03c5 \u03b4\u03b5\u03ba \
\u0434\u0435\u043a\u0430\u0431\u0440\u044f \u0434\u0435\u043a\u0430\u0431\u0440\u044c \u0434\u0435\u043a \
\u0433\u0440\u0443\u0434\u043d\u044f
"""
MONTHS = {name: number for number, line in enumerate(_MONTHS.strip().splitlines(), start=1) for name in line.split()}
"""Number of the month of each name, in lower case and without a point."""

_WEEKDAYS = """
mon monday montag mo lundi lun lunes lunedi lunedi\u0300 maandag ma segunda
tue tues tuesday dienstag di mardi mar martes martedi dinsdag
wed wednesday mittwoch mi mercredi mer miercoles mi\u00e9rcoles mercoledi woensdag wo
thu thur thurs thursday donnerstag do jeudi jeu jueves giovedi donderdag
fri friday freitag fr vendredi ven viernes venerdi vrijdag vr
sat saturday samstag sa samedi sam sabado s\u00e1bado sabato zaterdag za
sun sunday sonntag so dimanche dim domingo domenica zondag zo
"""
WEEKDAYS = frozenset(_WEEKDAYS.split())
"""Names of days of the week, in lower case and without a point."""

_HOURS = """
UTC 0 GMT 0 Z 0 UT 0 WET 0 WEST 1 BST 1 CET 1 MEZ 1 CEST 2 MESZ 2 EET 2 EEST 3 MSK 3 SAST 2 IST 5.5 SGT 8 HKT 8 AWST 8
JST 9 KST 9 ACST 9.5 AEST 10 ACDT 10.5 AEDT 11 NZST 12 NZDT 13 NST -3.5 NDT -2.5 AST -4 ADT -3 EST -5 EDT -4 CST -6
CDT -5 MST -7 MDT -6 PST -8 PDT -7 AKST -9 AKDT -8 HST -10 BRT -3 ART -3
"""
_WORDS = _HOURS.split()
ZONES = {name: float(hours) / 24 for name, hours in zip(_WORDS[::2], _WORDS[1::2], strict=True)}
"""Offset of abbreviated zones from UTC, in days, as in RFC 2822 and for the zones of most people."""
