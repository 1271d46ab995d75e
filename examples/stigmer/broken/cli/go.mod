module stigmer.example/cli

go 1.22
