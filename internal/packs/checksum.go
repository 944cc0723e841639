package packs

import (
	"strconv"
	"strings"
)

// checksums are the control rules a pattern may name. Each is given the number
// in capitals without separators.
var checksums = map[string]func(string) bool{
	"luhn": luhn,
	"iban": validIBAN,
	"nir":  validNIR,
	"spi":  validSPI,
	"dni":  validDNI,
	"nie":  validNIE,
	"naf":  validNAF,
}

// luhn is the control digit of ISO/IEC 7812-1 annex B.
func luhn(number string) bool {
	sum, double := 0, false
	for i := len(number) - 1; i >= 0; i-- {
		if !isDigit(number[i]) {
			return false
		}
		d := int(number[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return len(number) > 1 && sum%10 == 0
}

// validIBAN is ISO 13616 with the mod 97-10 control of ISO/IEC 7064. At least
// half of an account number is digits, which tells it from plain words.
func validIBAN(iban string) bool {
	if len(iban) < 15 || ibanLengths[iban[:2]] != len(iban) || !isDigit(iban[2]) || !isDigit(iban[3]) {
		return false
	}
	rest, digits := 0, 0
	for _, r := range iban[4:] + iban[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
			continue
		}
		digits++
		rest = (rest*10 + int(r-'0')) % 97
	}
	return rest == 1 && digits*2 >= len(iban)
}

// ibanLengths is the registry of ISO 13616 (length by country).
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
	"CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
	"FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
	"IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20,
	"LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
	"PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
	"SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}

// validNIR is the key of the French social security number: 97 less the first
// thirteen digits modulo 97, Corsica's 2A and 2B counting as 19 and 18.
func validNIR(nir string) bool {
	if len(nir) != 15 {
		return false
	}
	body := strings.NewReplacer("2A", "19", "2B", "18").Replace(nir[5:7])
	n, err := strconv.ParseInt(nir[:5]+body+nir[7:13], 10, 64)
	if err != nil {
		return false
	}
	key, err := strconv.ParseInt(nir[13:], 10, 64)
	return err == nil && key == 97-n%97
}

// validSPI is the key of the French tax number: three digits, the first ten
// modulo 511.
func validSPI(spi string) bool {
	if len(spi) != 13 {
		return false
	}
	n, err := strconv.ParseInt(spi[:10], 10, 64)
	if err != nil {
		return false
	}
	key, err := strconv.ParseInt(spi[10:], 10, 64)
	return err == nil && n > 0 && key == n%511
}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// validDNI is the letter of the Spanish DNI: the number modulo 23.
func validDNI(dni string) bool {
	if len(dni) != 9 {
		return false
	}
	n, err := strconv.Atoi(dni[:8])
	return err == nil && dni[8] == dniLetters[n%23]
}

// validNIE is the same letter for foreigners, X, Y and Z counting as 0, 1, 2.
func validNIE(nie string) bool {
	if len(nie) != 9 {
		return false
	}
	first := strings.IndexByte("XYZ", nie[0])
	return first >= 0 && validDNI(strconv.Itoa(first)+nie[1:])
}

// validNAF is the control of the Spanish social security number: province (2),
// number (8), and the two modulo 97; a number below ten million loses its
// leading zero before the division.
func validNAF(naf string) bool {
	if len(naf) != 12 {
		return false
	}
	province, err := strconv.ParseInt(naf[:2], 10, 64)
	if err != nil || province < 1 || province > 66 {
		return false
	}
	n, err := strconv.ParseInt(naf[2:10], 10, 64)
	if err != nil {
		return false
	}
	whole := province*100_000_000 + n
	if n < 10_000_000 {
		whole = province*10_000_000 + n
	}
	key, err := strconv.ParseInt(naf[10:], 10, 64)
	return err == nil && key == whole%97
}
