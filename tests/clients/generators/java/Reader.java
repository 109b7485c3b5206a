import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.EventsApi;
import org.openapitools.client.api.PhonesApi;
import org.openapitools.client.model.Event;
import org.openapitools.client.model.EventType;
import org.openapitools.client.model.EventsListRequest;
import org.openapitools.client.model.PhonesListRequest;

/** Reads phones and events with the client that openapi-generator made for Java. */
public class Reader {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("CLIENTS_ENDPOINT"));
        String key = "Bearer " + System.getenv("CLIENTS_API_KEY");
        client.setRequestInterceptor(request -> request.header("Authorization", key));

        var phones = new PhonesApi(client).phonesListPost(new PhonesListRequest());
        System.out.println("phones " + phones.getPhones().size());

        List<EventType> types =
                Arrays.stream(System.getenv("CLIENTS_EVENT_TYPES").split(",")).map(EventType::fromValue).toList();
        var request = new EventsListRequest();
        request.since(OffsetDateTime.parse(System.getenv("CLIENTS_SINCE"))).eventTypes(types);
        for (Event event : new EventsApi(client).eventsListPost(request).getEvents()) {
            String type = client.getObjectMapper().valueToTree(event.getActualInstance()).get("event_type").asText();
            System.out.println("event " + type);
        }
    }
}
