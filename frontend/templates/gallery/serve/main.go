package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/frontend/templates/gallery"
	"github.com/relais-org/relais/frontend/web"
)

func main() {
	addr := flag.String("addr", "localhost:0", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(addr string) error {
	gin.SetMode(gin.ReleaseMode)
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return err
	}
	w, err := web.New(web.Config{BaseURL: "http://" + l.Addr().String()})
	if err != nil {
		return err
	}
	e := gin.New()
	w.Mount(e)
	for _, s := range gallery.Sheets() {
		e.GET("/"+s.Name, web.Handle(func(c *gin.Context) error {
			return web.Render(c, http.StatusOK, s.Make(web.PageOf(c)))
		}))
		fmt.Println("http://" + l.Addr().String() + "/" + s.Name)
	}
	h, err := web.Compress(e)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(l)
}
