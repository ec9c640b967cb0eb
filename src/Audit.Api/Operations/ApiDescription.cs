using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Audit.Api.Instruments;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Audit.Api.Operations;

/// <summary>What `/openapi/v1.json` says beside the paths: parameters, answers, and who may.</summary>
internal static partial class ApiDescription
{
    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Audit.Actors",
                Version = NodeVersion.Text,
                Description = "The book in which every tool call of every AI agent is written. "
                    + "Errors are RFC 9457 problem documents.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            RequireWhatIsAlwaysWritten(schema, context.JsonTypeInfo);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context.Description.ActionDescriptor.EndpointMetadata,
            context.Description.RelativePath ?? "",
                context.Description.HttpMethod ?? "");
            return Task.CompletedTask;
        });
    }

    /// <summary>A member of an answer that is left out at times is not required; the others are.</summary>
    private static void RequireWhatIsAlwaysWritten(OpenApiSchema schema, JsonTypeInfo type)
    {
        if (type.Type.Namespace == typeof(CallAnswer).Namespace && type.Kind == JsonTypeInfoKind.Object)
        {
            schema.Required = type.Properties
                .Where(member => member.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), true) != true)
                .Select(member => member.Name).ToHashSet();
        }
    }

    private static void Describe(OpenApiOperation operation, IList<object> metadata, string path, string method)
    {
        operation.Parameters =
        [
            .. PathParameter().Matches(path)
                .Select(match => Parameter(match.Groups[1].Value, "", ParameterLocation.Path, true)),
            .. metadata.OfType<QueryParameter>()
                .Select(query => Parameter(query.Name, query.Description, ParameterLocation.Query, query.Required)),
        ];
        operation.Tags = new HashSet<OpenApiTagReference> { new(path.Replace("v1/", "").Split('/')[0]) };
        operation.Responses ??= [];
        operation.Responses["default"] =
            new OpenApiResponse { Description = "A problem document (application/problem+json)." };
        if (method == "POST")
        {
            operation.RequestBody = Body(path);
        }

        var rule = metadata.OfType<AccessRule>().FirstOrDefault() ?? AccessRule.Public;
        var access = rule.AnyOf == Roles.None
            ? "Needs no token."
            : $"Needs a token with the role {RoleNames.Join(rule.AnyOf)}.";
        operation.Description = $"{operation.Description} {access}".Trim();
    }

    private static OpenApiRequestBody Body(string path)
    {
        var kinds = path is "v1/records" or "v1/ingest/{format}"
            ? ["application/json", "application/x-ndjson"]
            : new[] { "application/json" };
        var body = new OpenApiRequestBody { Content = new Dictionary<string, OpenApiMediaType>() };
        foreach (var kind in kinds)
        {
            body.Content[kind] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.Object } };
        }

        return body;
    }

    private static OpenApiParameter Parameter(
        string name, string description, ParameterLocation place, bool required) => new()
    {
        Name = name,
        Description = description.Length == 0 ? null : description,
        In = place,
        Required = required,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();
}
