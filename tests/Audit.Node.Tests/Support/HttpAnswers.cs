using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Audit.Node.Tests.Support;

internal static class HttpAnswers
{
    public static async Task<Answer> AnswerAsync(
        this HttpClient client, HttpMethod method, string path, byte[]? body = null, string? type = null,
        string? session = null, string? accept = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        }

        if (session is not null)
        {
            request.Headers.Add("Audit-Session", session);
        }

        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        change?.Invoke(request);
        using var response = await client.SendAsync(request);
        var headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer(
            (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsByteArrayAsync(),
            headers);
    }

    public static Task<Answer> PostAsync(this HttpClient client, string path, string body) =>
        client.AnswerAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json");

    /// <summary>Decides on the question that the call shows now, as a person does who read it.</summary>
    public static async Task<Answer> DecideAsync(this HttpClient client, string path, string decision)
    {
        var shown = (await client.GetAnswerAsync(path)).Require(200).Json;
        return await client.PostAsync(
            path.Contains("source=") ? path : $"{path}{(path.Contains('?') ? '&' : '?')}source={shown.Text("source")}",
            On(shown.GetProperty("question"), decision));
    }

    /// <summary>A decision on a question that was shown.</summary>
    public static string On(JsonElement question, string decision) => decision.TrimEnd()[..^1]
        + $",\"sequence\":{question.GetProperty("sequence").GetInt64()},\"question\":\"{question.Text("question")}\"}}";

    public static Task<Answer> GetAnswerAsync(this HttpClient client, string path) => client.AnswerAsync(HttpMethod.Get, path);

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static IReadOnlyList<string> Texts(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    /// <summary>One member of every item of a list.</summary>
    public static IReadOnlyList<string> Ids(this JsonElement list, string member) =>
        [.. list.GetProperty("items").EnumerateArray().Select(item => item.Text(member))];

    public static IReadOnlyList<string> Ids(this Answer answer, string member) => answer.Json.Ids(member);
}
