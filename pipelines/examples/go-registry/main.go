// Command tides tells the tides of a harbour over HTTP.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"strings"
)

// Tide is when the water is highest and lowest.
type Tide struct {
	High string `json:"high"`
	Low  string `json:"low"`
}

var tides = map[string]Tide{
	"north-harbour": {High: "06:12", Low: "12:31"},
	"south-harbour": {High: "06:40", Low: "12:58"},
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/tides/", func(w http.ResponseWriter, r *http.Request) {
		harbour := strings.TrimPrefix(r.URL.Path, "/tides/")
		tide, found := tides[harbour]
		log.Printf("asked for %q, found: %t", harbour, found)
		if !found {
			http.Error(w, "no such harbour", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(tide)
	})
	return mux
}

func main() {
	log.Print("listening on :8080")
	log.Fatal(http.ListenAndServe(":8080", handler()))
}
