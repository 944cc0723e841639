package op

// Sign signs as the provider does.
func (k *Keys) Sign(algorithm, typ string, claims any) (string, error) {
	return k.sign(algorithm, typ, claims, nil)
}
