using System.Text.Json;

namespace Audit.Api.Log;

/// <summary>A log as the API shows it.</summary>
internal static class LogJson
{
    public static void Write(Utf8JsonWriter json, LogHead head, SealerStatus status)
    {
        json.WriteStartObject();
        json.WriteString("origin", head.Log.Origin);
        json.WriteString("key", head.Log.Key.ToString());
        json.WriteNumber("size", head.Size);
        json.WriteString("root", Convert.ToBase64String(RootOf(head)));
        json.WriteNumber("position", head.LastPosition);
        WriteTime(json, "signed_at", head.Stored?.SignedAt);
        json.WriteStartArray("witnesses");
        json.WriteEndArray();
        WriteTime(json, "started_at", head.Log.StartedAt);
        json.WriteString("started_because", head.Log.Reason);
        json.WriteString("previous_checkpoint", head.Log.Previous);
        json.WritePropertyName("sealing");
        WriteStatus(json, status);
        json.WriteEndObject();
    }

    public static void WriteStatus(Utf8JsonWriter json, SealerStatus status)
    {
        json.WriteStartObject();
        json.WriteString("state", SealerWords.Of(status.State));
        json.WriteString("reason", status.Reason);
        if (status.Position is { } position)
        {
            json.WriteNumber("bad_position", position);
        }

        json.WriteEndObject();
    }

    public static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", null));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static byte[] RootOf(LogHead head) =>
        head.Stored is { } stored ? SignedCheckpoint.Parse(stored.Note).Checkpoint.Root : TreeHash.Empty;
}
