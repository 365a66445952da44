package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func ask(path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestTellsTheTides(t *testing.T) {
	answer := ask("/tides/south-harbour")
	if want := `{"high":"06:40","low":"12:58"}` + "\n"; answer.Body.String() != want {
		t.Errorf("got %q, want %q", answer.Body.String(), want)
	}
}

func TestKnowsItsHarbours(t *testing.T) {
	if answer := ask("/tides/atlantis"); answer.Code != http.StatusNotFound {
		t.Errorf("got %d, want 404", answer.Code)
	}
}
