"""Names in dates: months and days of the week in several languages, and zones of time."""

from __future__ import annotations

_MONTHS = """
jan january januar januari janvier enero ene gennaio gen janeiro jaen j\u00e4n j\u00e4nner styczen sty
feb february februar februari fevrier f\u00e9vrier fev f\u00e9v fevr f\u00e9vr febrero febbraio fevereiro luty lut
mar march maerz m\u00e4rz maart mars marzo mar\u00e7o mrz mrt mae m\u00e4r marca marzec
apr april avril avr abril abr aprile kwi kwiecien
may mai mei mayo maggio mag maio maj
jun june juni juin junio giugno giu junho czerwiec cze
jul july juli juillet juil julio luglio lug julho lipiec lip
aug august augustus aout ao\u00fbt agosto ago sierpien sie
sep sept september septembre septiembre set settembre setembro wrzesien wrz
oct october oktober okt octobre octubre ottobre ott outubro out pazdziernik paz
nov november novembre noviembre novembro listopad lis
dec december dezember dez decembre d\u00e9cembre d\u00e9c diciembre dic dicembre dezembro grudzien gru
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
