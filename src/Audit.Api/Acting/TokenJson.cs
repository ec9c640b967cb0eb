using System.Text.Json;
using Audit.Api.Access;

namespace Audit.Api.Acting;

/// <summary>Tokens as JSON, without what would let anybody use them.</summary>
internal static class TokenJson
{
    public static void Write(Utf8JsonWriter json, TokenRow row)
    {
        json.WriteStartObject();
        WriteMembers(json, new NewToken(row.Name, row.Roles, row.Agent, row.Task));
        json.WriteString("created_at", row.CreatedAt.UtcDateTime);
        if (row.RevokedAt is { } revoked)
        {
            json.WriteString("revoked_at", revoked.UtcDateTime);
        }
        else
        {
            json.WriteNull("revoked_at");
        }

        json.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter json, NewToken token)
    {
        json.WriteString("name", token.Name);
        json.WriteStartArray("roles");
        foreach (var role in token.Roles)
        {
            json.WriteStringValue(role);
        }

        json.WriteEndArray();
        json.WriteString("agent", token.Agent);
        json.WriteString("task", token.Task);
    }
}
