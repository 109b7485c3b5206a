// Reads phones and events with the client that openapi-generator made for Go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	handset "handset.example/client"
)

func main() {
	configuration := handset.NewConfiguration()
	configuration.Servers = handset.ServerConfigurations{{URL: os.Getenv("CLIENTS_ENDPOINT")}}
	client := handset.NewAPIClient(configuration)
	key := context.WithValue(context.Background(), handset.ContextAccessToken, os.Getenv("CLIENTS_API_KEY"))

	phones, _, err := client.PhonesAPI.PhonesListGet(key).Execute()
	if err != nil {
		log.Fatal("phones: ", err)
	}
	fmt.Println("phones", len(phones.Phones))

	since, err := time.Parse(time.RFC3339, os.Getenv("CLIENTS_SINCE"))
	if err != nil {
		log.Fatal(err)
	}
	var types []handset.EventType
	for _, name := range strings.Split(os.Getenv("CLIENTS_EVENT_TYPES"), ",") {
		types = append(types, handset.EventType(name))
	}
	events, _, err := client.EventsAPI.EventsListGet(key).Since(since).EventTypes(types).Execute()
	if err != nil {
		log.Fatal("events: ", err)
	}
	for _, event := range events.Events {
		text, err := json.Marshal(event.GetActualInstance())
		if err != nil {
			log.Fatal(err)
		}
		var read struct {
			Type string `json:"event_type"`
		}
		if err := json.Unmarshal(text, &read); err != nil {
			log.Fatal(err)
		}
		fmt.Println("event", read.Type)
	}
}
