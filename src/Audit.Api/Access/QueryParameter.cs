namespace Audit.Api.Access;

/// <summary>A parameter in the query, for the API's description.</summary>
internal sealed record QueryParameter(string Name, string Description, bool Required = false);
