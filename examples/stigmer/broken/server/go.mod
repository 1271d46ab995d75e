module stigmer.example/server

go 1.22
