module dock.example/tides

go 1.19
