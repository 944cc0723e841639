package verify

import (
	"bytes"
	"iter"
	"runtime"
	"sync"
)

// chunkSize entries are looked at together.
const chunkSize = 256

// chunk is a run of entries between the reader and the tree.
type chunk struct {
	entries []Entry
	columns []Columns
	bytes   bytes.Buffer
	results []checked
	done    chan struct{} // closed when results are there
}

// lookAll looks at entries on every core and gives the results in order.
func lookAll(entries iter.Seq2[*Entry, error], place func(checked) error) error {
	workers := max(2, runtime.GOMAXPROCS(0))
	work := make(chan *chunk, workers)
	ordered := make(chan *chunk, 2*workers)
	quit := make(chan struct{})
	var readError error
	var wait sync.WaitGroup
	wait.Go(func() {
		defer close(work)
		defer close(ordered)
		readError = feed(entries, work, ordered, quit)
	})
	for range workers {
		wait.Go(func() {
			room := make([]byte, 0, 2048)
			for c := range work {
				for i := range c.entries {
					c.results = append(c.results, look(&c.entries[i], &room))
				}
				close(c.done)
			}
		})
	}
	err := drain(ordered, place)
	close(quit)
	wait.Wait()
	if err == nil {
		err = readError
	}
	return err
}

// feed copies entries into chunks, each into both channels.
func feed(entries iter.Seq2[*Entry, error], work, ordered chan<- *chunk, quit <-chan struct{}) error {
	c := newChunk()
	send := func() bool {
		if len(c.entries) == 0 {
			return true
		}
		select {
		case ordered <- c:
			work <- c
			c = newChunk()
			return true
		case <-quit:
			return false
		}
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		c.add(e)
		if len(c.entries) == chunkSize && !send() {
			return nil
		}
	}
	send()
	return nil
}

func drain(ordered <-chan *chunk, place func(checked) error) error {
	for c := range ordered {
		<-c.done
		for _, result := range c.results {
			if err := place(result); err != nil {
				return err
			}
		}
		spent.Put(c)
	}
	return nil
}

// spent chunks are used again, with the memory they have grown.
var spent = sync.Pool{New: func() any {
	return &chunk{
		entries: make([]Entry, 0, chunkSize), columns: make([]Columns, 0, chunkSize), results: make([]checked, 0, chunkSize),
	}
}}

func newChunk() *chunk {
	c := spent.Get().(*chunk)
	c.entries, c.columns, c.results = c.entries[:0], c.columns[:0], c.results[:0]
	c.bytes.Reset()
	c.done = make(chan struct{})
	return c
}

// add copies an entry: its source reuses it.
func (c *chunk) add(e *Entry) {
	own := *e
	if e.Columns != nil {
		c.columns = append(c.columns, *e.Columns)
		own.Columns = &c.columns[len(c.columns)-1]
	}
	for _, field := range []*[]byte{&own.Leaf, &own.Facts, &own.FactsSalt, &own.Personal, &own.PersonalSalt} {
		*field = c.keep(*field)
	}
	c.entries = append(c.entries, own)
}

// keep copies bytes. The buffer may move when it grows; what was handed out
// before then stays where it was.
func (c *chunk) keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	from := c.bytes.Len()
	c.bytes.Write(b)
	return c.bytes.Bytes()[from:c.bytes.Len():c.bytes.Len()]
}
